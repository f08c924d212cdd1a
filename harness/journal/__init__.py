"""The append-only, hash-chained record of one drill: its vocabulary, its writer and its reader.

Everything that happens in a drill is written here as it happens, and everything that judges reads only this.
Imports only the floor.
"""
