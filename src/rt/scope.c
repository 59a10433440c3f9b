/* Deadlines and shields: a stack of scopes in each fiber. */
#include <assert.h>
#include "rt/internal.h"

void
tn_scope_open(struct tn_scope *scope, tn_time deadline)
{
	struct tn__fiber *f = tn__self();

	memset(scope, 0, sizeof(*scope));
	scope->deadline = deadline;
	scope->effective = deadline < f->deadline ? deadline : f->deadline;
	scope->outer = f->scope;
	f->scope = scope;
	f->deadline = scope->effective;
}

static void
scope_pop(struct tn__fiber *f, struct tn_scope *scope)
{
	assert(f->scope == scope);
	f->scope = scope->outer;
	f->deadline = f->scope == NULL ? f->base_deadline : f->scope->effective;
}

bool
tn_scope_close(struct tn_scope *scope)
{
	scope_pop(tn__self(), scope);
	return scope->fired;
}

/* From the outermost in: each depends on the one around it. */
static void
scope_refresh(struct tn__fiber *f, struct tn_scope *scope)
{
	tn_time outer = f->base_deadline;

	if (scope->outer != NULL) {
		scope_refresh(f, scope->outer);
		outer = scope->outer->effective;
	}
	if (!scope->shield)
		scope->effective = scope->deadline < outer ?
		    scope->deadline : outer;
}

void
tn_scope_reschedule(struct tn_scope *scope, tn_time deadline)
{
	struct tn__fiber *f = tn__self();

	scope->deadline = deadline;
	scope_refresh(f, f->scope);
	f->deadline = f->scope->effective;
}

tn_time
tn_deadline(void)
{
	return tn__self()->deadline;
}

void
tn_shield_open(struct tn_shield *shield, tn_time limit)
{
	struct tn__fiber *f = tn__self();
	tn_time deadline = tn_after(limit);

	memset(shield, 0, sizeof(*shield));
	shield->outer = f->shielded;
	tn_scope_open(&shield->scope, deadline);
	shield->scope.shield = true;
	/* A shield inside a shield may not outlast it. */
	if (!shield->outer)
		shield->scope.effective = f->deadline = deadline;
	f->shielded = true;
}

void
tn_shield_close(struct tn_shield *shield)
{
	struct tn__fiber *f = tn__self();

	scope_pop(f, &shield->scope);
	f->shielded = shield->outer;
}
