/* What every test of the runtime includes. */
#ifndef TESTS_UNIT_RT_CHECK_H
#define TESTS_UNIT_RT_CHECK_H

#include <signal.h>
#include <stdatomic.h>
#include "base/list.h"
#include "base/memory.h"
#include "unit/check.h"

#endif
