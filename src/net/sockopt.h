/* The table of socket options: sockopt_table.c. */
#ifndef TN__NET_SOCKOPT_H
#define TN__NET_SOCKOPT_H

#include <tenon/sockopt.h>

extern const struct tn_sockopt tn__sockopts[];
extern const size_t tn__sockopt_count;

#endif
