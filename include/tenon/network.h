/* tenon/network.h - a list of networks: who is trusted, who is not limited, who
 * is reached without a proxy. */
#ifndef TENON_NETWORK_H
#define TENON_NETWORK_H

#include <tenon/address.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tn_networks;

/* Networks as tn_ip_network_parse() reads them with commas or blanks between:
 * "127.0.0.0/8, ::1, unix".  "unix" is every peer on a Unix socket, "*" is
 * everybody.  -EINVAL with words that name the item; an empty list is valid and
 * has nobody in it. */
TN_API TN_CHECK int tn_networks_parse(const char *text,
    struct tn_networks **ret);

/* Whether the peer is in one of them; false for NULL instead of a list. */
TN_API bool tn_networks_has(const struct tn_networks *networks,
    const struct tn_address *peer);
TN_API bool tn_networks_has_ip(const struct tn_networks *networks,
    const struct tn_ip *ip);

TN_API void tn_networks_free(struct tn_networks *networks);
TN_DEFINE_CLEANUP(struct tn_networks, tn_networks_free)

#ifdef __cplusplus
}
#endif

#endif
