// zlib, with the macro that sets a stream up as a function.
#pragma once
#include <zlib.h>

static inline int shim_inflateInit2(z_stream *stream, int window_bits) { return inflateInit2(stream, window_bits); }
