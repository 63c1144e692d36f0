//! What a program is and whether it takes commands from its standard input.
