/* Icons of apps: a data: URL of a small PNG, or of an SVG that can do nothing but be drawn. */
#pragma once
#include "base/error.h"

/* The error says what is wrong with it. */
int icon_check(const char* url, Error* reterr);
/* Makes the data: URL of a file's bytes, and checks it; *ret is owned. */
int icon_from_bytes(const void* bytes, size_t size, char** ret, Error* reterr);
