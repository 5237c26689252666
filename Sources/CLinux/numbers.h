#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/// A reader of a file of any length that contains numbers separated by spaces.
struct f2s_number_reader {
    int file;
    char text[4096];
    size_t length;
    size_t position;
    pid_t number;
    bool has_number;
};

/// Writes the next numbers into `numbers`, at most `capacity`. Returns their number, 0 at the end.
size_t f2s_read_numbers(struct f2s_number_reader *reader, pid_t *numbers, size_t capacity);
