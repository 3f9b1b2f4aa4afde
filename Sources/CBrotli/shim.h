// The reading half of brotli.
#pragma once
#include <brotli/decode.h>
