#include <tenon/number.h>
#include <tenon/text.h>

/* What we serve as text is UTF-8, be it only because it is ASCII. */
#define MIME_TEXT(subtype) "text/" subtype "; charset=utf-8"
#define MIME_UNKNOWN "application/octet-stream"

/* By the ending in lower case, sorted.  Mostly IANA's registry; what is not
 * there is as Debian's mime.types has it. */
static const struct mime_row {
	char ending[12];
	const char *type;
} mime_rows[] = {
	{ "3gp", "video/3gpp" },
	{ "7z", "application/x-7z-compressed" },
	{ "aac", "audio/aac" },
	{ "ai", "application/postscript" },
	{ "aif", "audio/aiff" },
	{ "aiff", "audio/aiff" },
	{ "apk", "application/vnd.android.package-archive" },
	{ "apng", "image/apng" },
	{ "asc", MIME_TEXT("plain") },
	{ "atom", "application/atom+xml" },
	{ "avi", "video/x-msvideo" },
	{ "avif", "image/avif" },
	{ "bash", MIME_TEXT("x-shellscript") },
	{ "bin", "application/octet-stream" },
	{ "bmp", "image/bmp" },
	{ "br", "application/octet-stream" },
	{ "bz2", "application/x-bzip2" },
	{ "c", MIME_TEXT("x-c") },
	{ "cc", MIME_TEXT("x-c") },
	{ "cfg", MIME_TEXT("plain") },
	{ "cjs", MIME_TEXT("javascript") },
	{ "class", "application/java-vm" },
	{ "conf", MIME_TEXT("plain") },
	{ "cpp", MIME_TEXT("x-c") },
	{ "crt", "application/x-x509-ca-cert" },
	{ "css", MIME_TEXT("css") },
	{ "csv", MIME_TEXT("csv") },
	{ "deb", "application/vnd.debian.binary-package" },
	{ "der", "application/x-x509-ca-cert" },
	{ "diff", MIME_TEXT("x-diff") },
	{ "djvu", "image/vnd.djvu" },
	{ "dmg", "application/x-apple-diskimage" },
	{ "doc", "application/msword" },
	{ "docx",
	    "application/vnd.openxmlformats-officedocument.wordprocessingml.document" },
	{ "dot", MIME_TEXT("vnd.graphviz") },
	{ "dtd", "application/xml-dtd" },
	{ "eml", "message/rfc822" },
	{ "eot", "application/vnd.ms-fontobject" },
	{ "eps", "application/postscript" },
	{ "epub", "application/epub+zip" },
	{ "exe", "application/octet-stream" },
	{ "flac", "audio/flac" },
	{ "flv", "video/x-flv" },
	{ "gif", "image/gif" },
	{ "glb", "model/gltf-binary" },
	{ "gltf", "model/gltf+json" },
	{ "go", MIME_TEXT("x-go") },
	{ "gpx", "application/gpx+xml" },
	{ "gz", "application/gzip" },
	{ "h", MIME_TEXT("x-c") },
	{ "hpp", MIME_TEXT("x-c") },
	{ "htm", MIME_TEXT("html") },
	{ "html", MIME_TEXT("html") },
	{ "ico", "image/vnd.microsoft.icon" },
	{ "ics", MIME_TEXT("calendar") },
	{ "img", "application/octet-stream" },
	{ "ini", MIME_TEXT("plain") },
	{ "iso", "application/x-iso9660-image" },
	{ "jar", "application/java-archive" },
	{ "java", MIME_TEXT("x-java") },
	{ "jpe", "image/jpeg" },
	{ "jpeg", "image/jpeg" },
	{ "jpg", "image/jpeg" },
	{ "js", MIME_TEXT("javascript") },
	{ "json", "application/json" },
	{ "jsonl", "application/jsonl" },
	{ "jsonld", "application/ld+json" },
	{ "jxl", "image/jxl" },
	{ "kml", "application/vnd.google-earth.kml+xml" },
	{ "kmz", "application/vnd.google-earth.kmz" },
	{ "log", MIME_TEXT("plain") },
	{ "lz", "application/x-lzip" },
	{ "m3u", "audio/mpegurl" },
	{ "m3u8", "application/vnd.apple.mpegurl" },
	{ "m4a", "audio/mp4" },
	{ "m4v", "video/mp4" },
	{ "map", "application/json" },
	{ "markdown", MIME_TEXT("markdown") },
	{ "mbox", "application/mbox" },
	{ "md", MIME_TEXT("markdown") },
	{ "mid", "audio/midi" },
	{ "midi", "audio/midi" },
	{ "mjs", MIME_TEXT("javascript") },
	{ "mka", "audio/x-matroska" },
	{ "mkv", "video/x-matroska" },
	{ "mov", "video/quicktime" },
	{ "mp2", "audio/mpeg" },
	{ "mp3", "audio/mpeg" },
	{ "mp4", "video/mp4" },
	{ "mpeg", "video/mpeg" },
	{ "mpg", "video/mpeg" },
	{ "msi", "application/x-msi" },
	{ "odg", "application/vnd.oasis.opendocument.graphics" },
	{ "odp", "application/vnd.oasis.opendocument.presentation" },
	{ "ods", "application/vnd.oasis.opendocument.spreadsheet" },
	{ "odt", "application/vnd.oasis.opendocument.text" },
	{ "oga", "audio/ogg" },
	{ "ogg", "audio/ogg" },
	{ "ogv", "video/ogg" },
	{ "opus", "audio/ogg" },
	{ "otf", "font/otf" },
	{ "p12", "application/x-pkcs12" },
	{ "patch", MIME_TEXT("x-diff") },
	{ "pcap", "application/vnd.tcpdump.pcap" },
	{ "pdf", "application/pdf" },
	{ "pem", "application/x-pem-file" },
	{ "pfx", "application/x-pkcs12" },
	{ "php", MIME_TEXT("plain") },
	{ "pl", MIME_TEXT("x-perl") },
	{ "png", "image/png" },
	{ "ppt", "application/vnd.ms-powerpoint" },
	{ "pptx",
	    "application/vnd.openxmlformats-officedocument.presentationml.presentation" },
	{ "ps", "application/postscript" },
	{ "psd", "image/vnd.adobe.photoshop" },
	{ "py", MIME_TEXT("x-python") },
	{ "rar", "application/vnd.rar" },
	{ "rb", MIME_TEXT("x-ruby") },
	{ "rpm", "application/x-rpm" },
	{ "rs", MIME_TEXT("rust") },
	{ "rss", "application/rss+xml" },
	{ "rst", MIME_TEXT("x-rst") },
	{ "rtf", "application/rtf" },
	{ "sh", MIME_TEXT("x-shellscript") },
	{ "so", "application/octet-stream" },
	{ "sql", "application/sql" },
	{ "sqlite", "application/vnd.sqlite3" },
	{ "srt", MIME_TEXT("plain") },
	{ "svg", "image/svg+xml" },
	{ "svgz", "image/svg+xml" },
	{ "tar", "application/x-tar" },
	{ "tex", MIME_TEXT("x-tex") },
	{ "tgz", "application/gzip" },
	{ "tif", "image/tiff" },
	{ "tiff", "image/tiff" },
	{ "toml", "application/toml" },
	{ "torrent", "application/x-bittorrent" },
	{ "ts", "video/mp2t" },
	{ "tsv", MIME_TEXT("tab-separated-values") },
	{ "ttc", "font/collection" },
	{ "ttf", "font/ttf" },
	{ "txt", MIME_TEXT("plain") },
	{ "vcf", MIME_TEXT("vcard") },
	{ "vtt", MIME_TEXT("vtt") },
	{ "wasm", "application/wasm" },
	{ "wav", "audio/wav" },
	{ "weba", "audio/webm" },
	{ "webm", "video/webm" },
	{ "webmanifest", "application/manifest+json" },
	{ "webp", "image/webp" },
	{ "wma", "audio/x-ms-wma" },
	{ "wmv", "video/x-ms-wmv" },
	{ "woff", "font/woff" },
	{ "woff2", "font/woff2" },
	{ "xhtml", "application/xhtml+xml" },
	{ "xls", "application/vnd.ms-excel" },
	{ "xlsx",
	    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" },
	{ "xml", "application/xml" },
	{ "xsl", "application/xslt+xml" },
	{ "xslt", "application/xslt+xml" },
	{ "xz", "application/x-xz" },
	{ "yaml", "application/yaml" },
	{ "yml", "application/yaml" },
	{ "zip", "application/zip" },
	{ "zst", "application/zstd" },
};

/* Of the last part of a path, without the dot; a file called ".profile" has
 * none. */
static struct tn_slice
mime_ending(struct tn_slice name)
{
	for (size_t at = name.len; at > 1; at--) {
		if (name.data[at - 1] == '/')
			break;
		if (name.data[at - 1] == '.')
			return name.data[at - 2] == '/'
			    ? tn_slice(NULL, 0)
			    : tn_slice_skip(name, at);
	}
	return tn_slice(NULL, 0);
}

/* Before, at or behind the row, as strcmp() says it. */
static int
mime_compare(struct tn_slice ending, const char *row)
{
	for (size_t i = 0; i < ending.len; i++)
		if (tn_lower(ending.data[i]) != row[i])
			return (unsigned char)tn_lower(ending.data[i]) <
			        (unsigned char)row[i] ? -1 : 1;
	return row[ending.len] == '\0' ? 0 : -1;
}

const char *
tn_mime_type(struct tn_slice name)
{
	struct tn_slice ending = mime_ending(name);
	size_t low = 0, high = TN_COUNT(mime_rows);

	if (ending.len == 0 || ending.len >= sizeof(mime_rows[0].ending))
		return MIME_UNKNOWN;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = mime_compare(ending, mime_rows[middle].ending);

		if (order == 0)
			return mime_rows[middle].type;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return MIME_UNKNOWN;
}
