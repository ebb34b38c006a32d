/* The commit-and-reconcile protocol, small enough to look at every order of events.
 *
 * Three cubes, two slices, two switches. A slice is a ring over its cubes, so intent is an owner for each cube and the
 * circuits follow from it. One controller accepts changes, makes them durable, and turns what it read into commands. Each
 * switch executes one mirror move at a time, so that everything else can happen in between. A session can be lost, and
 * a command of the lost session can execute later or never. The controller can crash at any step. A switch can forget
 * all its circuits.
 *
 * Checked (numbers as in ARCHITECTURE.md, invariants):
 *   2 no mirror joins cubes of two different slices, but by a command that was under way on a living session when its
 *     cubes were given to others: what it makes is stale, and goes after the read that follows;
 *   4 no command takes down a circuit that a live slice needs and was read to have;
 *   6 every circuit that is made was intended by a durable state;
 *   7 mirrors move by commands of a controller, or because a switch forgot, never because a session or the
 *     controller was lost (there is no such step).
 * Compile with -DNO_GUARD (believe the first read after a lost session), -DEARLY (reconcile accepted instead of durable
 * intent) or -DNO_ORDER (place on cubes of a switch that cannot be read): each must be caught. */

#define CUBES 3
#define SWITCHES 2
#define NONE 3

#ifndef CHANGES
#define CHANGES 3
#endif
#ifndef FAULTS
#define FAULTS 2
#endif

byte durable[CUBES], accepted[CUBES]; /* owner: 0 free, 1 or 2 a slice */
bool is_pending;                      /* accepted differs from durable */
byte changes_left = CHANGES, faults_left = FAULTS;

typedef map { byte far[CUBES] };
map lit[SWITCHES];      /* what the mirrors do */
map read[SWITCHES];     /* what the controller believes */
bool is_read[SWITCHES]; /* and whether it does */

/* A command under way: for each cube the circuit to take down and the one to make, NONE: nothing. */
map take_down[SWITCHES], make[SWITCHES];
bool is_busy[SWITCHES]; /* a command is executing or waits at the switch */
bool is_late[SWITCHES]; /* it belongs to a lost session */
bool is_overtaken[SWITCHES]; /* a newer change was accepted while it was executing, the session being there */
typedef flags { bool yes[CUBES] };
flags is_seen[SWITCHES]; /* the circuit behind a cube was read as the durable intent wants it */
bool ever_durable[9];   /* circuit a * 3 + b was intended by some durable state */

byte i, j, k, n;

/* result = the cube that the owners want behind a cube. */
#define next_of(owners, cube, result) \
    if \
    :: owners[cube] == 0 -> result = NONE \
    :: else -> \
        if \
        :: owners[(cube + 1) % CUBES] == owners[cube] -> result = (cube + 1) % CUBES \
        :: else -> \
            if \
            :: owners[(cube + 2) % CUBES] == owners[cube] -> result = (cube + 2) % CUBES \
            :: else -> result = cube \
            fi \
        fi \
    fi

inline remember_durable() {
    i = 0;
    do
    :: i < CUBES ->
        next_of(durable, i, n);
        if
        :: n != NONE -> ever_durable[i * 3 + n] = true
        :: else
        fi;
        is_seen[0].yes[i] = is_seen[0].yes[i] && lit[0].far[i] == n && n != NONE;
        is_seen[1].yes[i] = is_seen[1].yes[i] && lit[1].far[i] == n && n != NONE;
        i++
    :: else -> break
    od;
    i = 0; n = 0
}

#define copy(from, into) into[0] = from[0]; into[1] = from[1]; into[2] = from[2]

inline clear_command(s) {
    take_down[s].far[0] = NONE; take_down[s].far[1] = NONE; take_down[s].far[2] = NONE;
    make[s].far[0] = NONE; make[s].far[1] = NONE; make[s].far[2] = NONE
}

/* Every switch can be read now, so that nothing unknown joins the cubes. */
#ifdef NO_ORDER
#define MAY_PLACE true
#else
#define MAY_PLACE (is_read[0] && is_read[1])
#endif

/* One cube of a slice goes, a free cube joins a slice, or a slice swaps one cube for another. */
inline accept() {
    select(j : 0 .. 2);
    if
    :: accepted[j] != 0 -> accepted[j] = 0
    :: accepted[j] == 0 && MAY_PLACE -> accepted[j] = 1
    :: accepted[j] == 0 && MAY_PLACE -> accepted[j] = 2
    :: accepted[j] == 0 && accepted[(j + 1) % CUBES] != 0 && MAY_PLACE ->
        accepted[j] = accepted[(j + 1) % CUBES]; accepted[(j + 1) % CUBES] = 0
    :: else /* refused */
    fi;
    j = 0;
    is_overtaken[0] = is_overtaken[0] || (is_busy[0] && is_read[0]);
    is_overtaken[1] = is_overtaken[1] || (is_busy[1] && is_read[1]);
    is_pending = true;
    changes_left--
}

#ifdef EARLY
#define INTENT accepted
#else
#define INTENT durable
#endif

/* The whole switch is compared, whatever woke the controller. Removed: a circuit that is not wanted and has an end on a
 * cube of a slice. A circuit between free cubes stays dark. */
inline reconcile(s) {
    clear_command(s);
    i = 0;
    do
    :: i < CUBES ->
        next_of(INTENT, i, n);
        k = read[s].far[i];
        if
        :: k != NONE && k != n && (INTENT[i] != 0 || INTENT[k] != 0) -> take_down[s].far[i] = k
        :: else
        fi;
        if
        :: n != NONE && k != n -> make[s].far[i] = n
        :: else
        fi;
        i++
    :: else -> break
    od;
    i = 0; k = 0; n = 0;
    if
    :: take_down[s].far[0] != NONE || take_down[s].far[1] != NONE || take_down[s].far[2] != NONE ||
       make[s].far[0] != NONE || make[s].far[1] != NONE || make[s].far[2] != NONE -> is_busy[s] = true; is_late[s] = false
    :: else
    fi
}

/* One mirror move of the command, removals first; the last one ends it. */
inline execute(s) {
    i = 0;
    do
    :: i < CUBES && take_down[s].far[i] == NONE -> i++
    :: else -> break
    od;
    if
    :: i < CUBES ->
        if
        :: lit[s].far[i] == take_down[s].far[i] ->
            next_of(durable, i, n);
            assert(n != lit[s].far[i] || !is_seen[s].yes[i]); /* 4 */
            lit[s].far[i] = NONE
        :: else
        fi;
        take_down[s].far[i] = NONE
    :: else ->
        i = 0;
        do
        :: i < CUBES && make[s].far[i] == NONE -> i++
        :: else -> break
        od;
        if
        :: i < CUBES ->
            k = make[s].far[i];
            if
            :: lit[s].far[i] == NONE && lit[s].far[0] != k && lit[s].far[1] != k && lit[s].far[2] != k ->
                assert(ever_durable[i * 3 + k]);                                           /* 6 */
                assert(is_overtaken[s] || durable[i] == 0 || durable[k] == 0 || durable[i] == durable[k]); /* 2 */
                lit[s].far[i] = k
            :: else
            fi;
            make[s].far[i] = NONE
        :: else -> is_busy[s] = false; is_late[s] = false; is_overtaken[s] = false; is_read[s] = false
        fi
    fi;
    i = 0; k = 0; n = 0
}

#ifdef NO_GUARD
#define MAY_READ(s) (!is_read[s] && (!is_busy[s] || is_late[s]))
#else
#define MAY_READ(s) (!is_read[s] && !is_busy[s])
#endif

inline on_switch(s) {
    if
    /* The controller reads the map: at start, after a change, after a lost session. */
    :: MAY_READ(s) ->
        copy(lit[s].far, read[s].far);
        is_read[s] = true;
        i = 0;
        do
        :: i < CUBES -> next_of(durable, i, n); is_seen[s].yes[i] = (n != NONE && lit[s].far[i] == n); i++
        :: else -> break
        od;
        i = 0; n = 0
    :: is_read[s] && !is_busy[s] -> reconcile(s)
    :: is_busy[s] -> execute(s)
    /* The session is lost; the command may execute later, or is forgotten by the switch. */
    :: faults_left > 0 && (is_read[s] || is_busy[s]) ->
        faults_left--; is_read[s] = false; if :: is_busy[s] -> is_late[s] = true :: else fi
    :: is_late[s] -> clear_command(s); is_busy[s] = false; is_late[s] = false; is_overtaken[s] = false
    :: faults_left > 0 && !is_busy[s] ->
        faults_left--; lit[s].far[0] = NONE; lit[s].far[1] = NONE; lit[s].far[2] = NONE; is_read[s] = false
    fi
}

active proctype world() {
    atomic {
        i = 0;
        do
        :: i < SWITCHES ->
            lit[i].far[0] = NONE; lit[i].far[1] = NONE; lit[i].far[2] = NONE;
            read[i].far[0] = NONE; read[i].far[1] = NONE; read[i].far[2] = NONE;
            clear_command(i);
            i++
        :: else -> break
        od;
        i = 0
    }
end:
    do
    :: atomic { changes_left > 0 && !is_pending -> accept() }
    :: atomic { is_pending -> copy(accepted, durable); is_pending = false; remember_durable() }
    /* The commit failed: undone. */
    :: atomic { is_pending && faults_left > 0 -> faults_left--; copy(durable, accepted); is_pending = false }
    :: atomic { on_switch(0) }
    :: atomic { on_switch(1) }
    /* A crash: what is not durable, and what was read, is gone; commands under way are late ones now. */
    :: atomic {
        faults_left > 0 ->
        faults_left--; copy(durable, accepted); is_pending = false; is_read[0] = false; is_read[1] = false;
        if :: is_busy[0] -> is_late[0] = true :: else fi;
        if :: is_busy[1] -> is_late[1] = true :: else fi
    }
    od
}
