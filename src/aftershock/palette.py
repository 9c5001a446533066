"""The colours of every figure, drawn by matplotlib or by plotly."""

# Okabe and Ito's palette without yellow: told apart in print and by colour-blind readers.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
