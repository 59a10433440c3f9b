#include <tenon/base.h>
#include <tenon/number.h>

bool
tn_slice_equal_nocase(struct tn_slice a, const char *string)
{
	for (size_t i = 0; i < a.len; i++)
		if (string[i] == '\0' ||
		    tn_lower(a.data[i]) != tn_lower(string[i]))
			return false;
	return string[a.len] == '\0';
}

bool
tn_slice_starts(struct tn_slice s, struct tn_slice prefix)
{
	return tn_slice_equal(tn_slice_head(s, prefix.len), prefix);
}

bool
tn_slice_ends(struct tn_slice s, struct tn_slice suffix)
{
	return s.len >= suffix.len &&
	    tn_slice_equal(tn_slice_skip(s, s.len - suffix.len), suffix);
}

ssize_t
tn_slice_find(struct tn_slice s, char byte)
{
	const char *at = s.len == 0 ? NULL : memchr(s.data, byte, s.len);

	return at == NULL ? -1 : at - s.data;
}

ssize_t
tn_slice_search(struct tn_slice s, struct tn_slice needle)
{
	const char *at;

	if (needle.len == 0)
		return 0;
	if (needle.len > s.len)
		return -1;
	at = memmem(s.data, s.len, needle.data, needle.len);
	return at == NULL ? -1 : at - s.data;
}

static bool
slice_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct tn_slice
tn_slice_trim(struct tn_slice s)
{
	while (s.len > 0 && slice_is_blank(s.data[s.len - 1]))
		s.len--;
	while (s.len > 0 && slice_is_blank(s.data[0]))
		s = tn_slice_skip(s, 1);
	return s;
}

struct tn_slice
tn_slice_split(struct tn_slice *rest, char byte)
{
	struct tn_slice all = *rest;
	ssize_t at = tn_slice_find(all, byte);

	if (at < 0) {
		*rest = tn_slice(NULL, 0);
		return all;
	}
	*rest = tn_slice_skip(all, (size_t)at + 1);
	return tn_slice_head(all, (size_t)at);
}
