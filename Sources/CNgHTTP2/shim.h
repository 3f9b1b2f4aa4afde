// nghttp2: HTTP/2 framing and header compression, from memory to memory.
#pragma once
#include <nghttp2/nghttp2.h>
