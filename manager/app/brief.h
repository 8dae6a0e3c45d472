/* The part of an app's manifest that lists and findings look at. Most of a manifest are words in all
 * languages and what only an installation asks for; reading those takes longer than all else that a list
 * of apps does. Pure. */
#pragma once
#include "base/json.h"

/* Owned: containers, end_of_life, http, ports, resources, settings and sign_in, of what is there. NULL where the text is not as json_text()
 * writes it, without a space between its members: then it has to be read whole. */
json_t* manifest_brief(const char* text);
