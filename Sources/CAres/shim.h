// c-ares 1.18 or newer: questions to DNS servers, their repetition, and the choice among servers.
#pragma once
// First, so that what both include belongs to CLinux for every importer.
#include "../CLinux/shim.h"
#include <ares.h>
