"""What lies in the state directory: where it is, in which form, how it is read and written.

Written by delivery; every other room reads it through here. Knows no message, no spool and no network.
A new kind of file is a module here that writes and reads it, and its folder in `layout`.
"""
