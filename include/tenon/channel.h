/* tenon/channel.h - messages and locks between fibers, loops and threads.
 * Every wait here obeys deadlines and cancellation. */
#ifndef TENON_CHANNEL_H
#define TENON_CHANNEL_H

#include <tenon/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tn_channel;

/* Messages are `message_bytes` each and are copied.  `capacity` messages wait
 * inside; with 0 a sender waits until a receiver has taken its message.
 * -ENOMEM; -EINVAL for message_bytes 0. */
TN_API TN_CHECK int tn_channel_open(size_t message_bytes, size_t capacity,
    struct tn_channel **ret);

/* 0; -EPIPE once the channel was closed; -ECANCELED; -ETIMEDOUT.  On failure
 * the message was not sent. */
TN_API TN_CHECK int tn_channel_send(struct tn_channel *channel,
    const void *message);

/* 1 with a message, 0 once the channel is closed and empty, -ECANCELED,
 * -ETIMEDOUT. */
TN_API TN_CHECK int tn_channel_recv(struct tn_channel *channel, void *ret);

/* The same without waiting: -EAGAIN where they would wait. */
TN_API TN_CHECK int tn_channel_try_send(struct tn_channel *channel,
    const void *message);
TN_API TN_CHECK int tn_channel_try_recv(struct tn_channel *channel, void *ret);

/* Senders get -EPIPE from now on; receivers take what is inside, then 0. */
TN_API void tn_channel_close(struct tn_channel *channel);

/* Nobody may be waiting in it.  NULL is fine. */
TN_API void tn_channel_free(struct tn_channel *channel);
TN_DEFINE_CLEANUP(struct tn_channel, tn_channel_free)

struct tn_mutex;

/* A lock that may be held over a wait; first come, first served; not
 * recursive.  -ENOMEM. */
TN_API TN_CHECK int tn_mutex_open(struct tn_mutex **ret);

/* 0, -ECANCELED, -ETIMEDOUT, or -EDEADLK when this fiber holds it already. */
TN_API TN_CHECK int tn_mutex_lock(struct tn_mutex *mutex);

/* By the fiber that locked it. */
TN_API void tn_mutex_unlock(struct tn_mutex *mutex);

/* It must be unlocked.  NULL is fine. */
TN_API void tn_mutex_free(struct tn_mutex *mutex);
TN_DEFINE_CLEANUP(struct tn_mutex, tn_mutex_free)

#ifdef __cplusplus
}
#endif

#endif
