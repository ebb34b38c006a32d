#pragma once
/* Text inside XML and HTML. */
#include <stdio.h>

/* Writes text so that it is only text: < > & " ' are escaped, control characters become '?'. */
void whatif_escape(FILE *out, const char *text);
