"""Rollback drills: break a system under load, roll it back, and measure from outside what clients lived through."""
