"""Wires to providers: one file a wire, endpoints as data, one HTTP seam."""
