/* What every test of the runtime includes. */
#ifndef TESTS_UNIT_RT_CHECK_H
#define TESTS_UNIT_RT_CHECK_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/list.h"
#include "base/memory.h"

#endif
