/*
 * The submission protocol, as docs/adr/0008 decides it: two processes that any message may start, a clearinghouse,
 * and a sweep that never tires. A process may die before or after any of its steps; a request may be lost, land at
 * once, or land late. The explorer beside this file runs the code; this says what the code must be.
 *
 *   spin -DKEY=1 -DLIST=0 -search -ltl safe submission.pml
 *   spin -DKEY=0 -DLIST=1 -DWITHOUT_COMPARE_AND_SET -search -ltl safe submission.pml    must fail
 */

#ifndef KEY
#define KEY 1       /* the clearinghouse honours the idempotency key: the same key is taken once */
#endif
#ifndef LIST
#define LIST 1      /* its own list shows all it took, and is to be trusted */
#endif

#define PROCESSES 2
#define CRASHES 2   /* how many processes may die, over all */
#define LOSSES 2    /* how many requests or answers may be lost, over all */

/* The guards; a test takes each of them out. */
#ifdef WITHOUT_COMPARE_AND_SET
#define UNCHANGED(a_claim, some_tries) (true)
#else
#define UNCHANGED(a_claim, some_tries) (claim == a_claim && tries == some_tries)
#endif
#ifdef WITHOUT_SETTLING
#define SETTLED (true)
#else
#define SETTLED (in_flight == 0 && sending == 0)
#endif
#ifdef WITHOUT_PROOF
#define MAY_SEND_AGAIN (true)
#else
#define MAY_SEND_AGAIN (KEY || absent)
#endif

mtype = { validated, submitting, submitted, parked };

mtype claim = validated;
byte tries = 0;       /* raised by compare-and-set before each sending */
byte taken = 0;       /* how often the clearinghouse took the claim */
byte in_flight = 0;   /* requests whose sender gave up and that may still land */
byte sending = 0;     /* processes between the won compare-and-set and their record */
byte crashes = CRASHES;
byte losses = LOSSES;

inline arrives() {
    if
    :: KEY && taken > 0 -> skip
    :: else -> taken++
    fi
}

/* The intent, or the attempt taken up again: only if nobody did since it was read. */
inline wins(seen_claim, seen_tries, won) {
    atomic {
        if
        :: UNCHANGED(seen_claim, seen_tries) ->
            won = true; claim = submitting; tries++; sending++
        :: else -> won = false
        fi
    }
}

/* What was found out is written down only if nobody moved the claim meanwhile. */
inline records(state) {
    atomic {
        if
        :: claim == seen_claim && tries == seen_tries -> claim = state
        :: else -> skip
        fi
    }
}

inline posts(heard) {
    atomic {
        if
        :: arrives(); heard = true
        :: losses > 0 -> losses--; heard = false                    /* never arrived */
        :: losses > 0 -> losses--; arrives(); heard = false         /* the answer is lost */
        :: losses > 0 -> losses--; in_flight++; heard = false       /* lands late */
        fi
    }
}

inline may_die() {
    if
    :: true
    :: atomic { crashes > 0 -> crashes--; sending = (mine -> sending - 1 : sending); mine = false; goto dead }
    fi
}

/* What became of an attempt nobody answered for. Everything had time to land: that is what settling means. */
inline resolves() {
    atomic {
        seen_claim = claim; seen_tries = tries;
        if
        :: claim == submitting && SETTLED -> found = (LIST && taken > 0);
               absent = (LIST && taken == 0)
        :: else -> goto done
        fi
    };
    may_die();
    if
    :: found -> records(submitted)
    :: !found && MAY_SEND_AGAIN ->
        wins(seen_claim, seen_tries, won);
        if
        :: won -> mine = true; may_die(); goto send
        :: else -> goto done
        fi
    :: !found && !MAY_SEND_AGAIN -> records(parked)
    fi;
    goto done
}

/* One delivery of the message: from whatever is known to whatever can be known now. */
active [PROCESSES] proctype delivery() {
    mtype seen_claim;
    byte seen_tries, my_tries;
    bool won, heard, found, absent, mine = false;

dead:
again:
    atomic { mine = false; seen_claim = claim; seen_tries = tries };
    may_die();
    if
    :: seen_claim == validated ->
        wins(seen_claim, seen_tries, won);
        if
        :: won -> mine = true; may_die(); goto send
        :: else -> goto done
        fi
    :: seen_claim == submitting -> resolves()
    :: seen_claim == submitted || seen_claim == parked -> goto ended
    fi;

send:
    my_tries = tries;
    posts(heard);
    may_die();
    atomic {
        sending--; mine = false;
        if
        :: heard && claim == submitting && tries == my_tries -> claim = submitted
        :: else -> skip
        fi
    };

done:
    /* Delivered again, or swept: as long as the claim is open somebody comes. */
    if
    :: claim == submitted || claim == parked -> skip
    :: else -> goto again
    fi;

ended:
    skip
}

active proctype network() {
    do
    :: atomic { in_flight > 0 -> in_flight--; arrives() }
    :: atomic { in_flight == 0 && (claim == submitted || claim == parked) && sending == 0 -> break }
    od
}

/* Nothing goes twice; what is called submitted was taken; only what nothing can tell of is parked. */
ltl safe { [] (taken <= 1 && (claim == submitted -> taken > 0) && (claim == parked -> (!KEY && !LIST))) }

/* And every claim comes to an end. */
ltl ends { <> (claim == submitted || claim == parked) }
