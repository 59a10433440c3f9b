#include <tenon/http.h>

/* RFC 9110 section 15; others are named.  A row a hundred. */
static const char *const status_1xx[] = {
	"Continue",
	"Switching Protocols",
	"Processing",  /* RFC 2518 */
	"Early Hints", /* RFC 8297 */
};

static const char *const status_2xx[] = {
	"OK",
	"Created",
	"Accepted",
	"Non-Authoritative Information",
	"No Content",
	"Reset Content",
	"Partial Content",
	"Multi-Status",     /* RFC 4918 */
	"Already Reported", /* RFC 5842 */
	[26] = "IM Used",   /* RFC 3229 */
};

static const char *const status_3xx[] = {
	"Multiple Choices",
	"Moved Permanently",
	"Found",
	"See Other",
	"Not Modified",
	"Use Proxy",
	[7] = "Temporary Redirect",
	"Permanent Redirect",
};

static const char *const status_4xx[] = {
	"Bad Request",
	"Unauthorized",
	"Payment Required",
	"Forbidden",
	"Not Found",
	"Method Not Allowed",
	"Not Acceptable",
	"Proxy Authentication Required",
	"Request Timeout",
	"Conflict",
	"Gone",
	"Length Required",
	"Precondition Failed",
	"Content Too Large",
	"URI Too Long",
	"Unsupported Media Type",
	"Range Not Satisfiable",
	"Expectation Failed",
	[21] = "Misdirected Request",
	"Unprocessable Content",
	"Locked",            /* RFC 4918 */
	"Failed Dependency", /* RFC 4918 */
	"Too Early",         /* RFC 8470 */
	"Upgrade Required",
	[28] = "Precondition Required",           /* RFC 6585 */
	"Too Many Requests",                      /* RFC 6585 */
	[31] = "Request Header Fields Too Large", /* RFC 6585 */
	[51] = "Unavailable For Legal Reasons",   /* RFC 7725 */
};

static const char *const status_5xx[] = {
	"Internal Server Error",
	"Not Implemented",
	"Bad Gateway",
	"Service Unavailable",
	"Gateway Timeout",
	"HTTP Version Not Supported",
	"Variant Also Negotiates",                /* RFC 2295 */
	"Insufficient Storage",                   /* RFC 4918 */
	"Loop Detected",                          /* RFC 5842 */
	[11] = "Network Authentication Required", /* RFC 6585 */
};

const char *
tn_http_status_words(int status)
{
	static const struct {
		const char *const *words;
		int count;
	} hundreds[] = {
		{ status_1xx, TN_COUNT(status_1xx) },
		{ status_2xx, TN_COUNT(status_2xx) },
		{ status_3xx, TN_COUNT(status_3xx) },
		{ status_4xx, TN_COUNT(status_4xx) },
		{ status_5xx, TN_COUNT(status_5xx) },
	};
	int hundred = status / 100 - 1, rest = status % 100;
	const char *words = NULL;

	if (hundred >= 0 && hundred < (int)TN_COUNT(hundreds) &&
	    rest < hundreds[hundred].count)
		words = hundreds[hundred].words[rest];
	return words == NULL ? "Unknown" : words;
}
