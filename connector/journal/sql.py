"""The statements of the journal, once, in plain SQL. `sqlite` runs them; nothing here is Python logic."""

from __future__ import annotations

# One script for each version of the schema; the index is the version it leads from. Forward only.
MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE job (
        seq          INTEGER PRIMARY KEY,  -- the order of taking; several files are taken in one second
        id           TEXT NOT NULL UNIQUE,
        route        TEXT NOT NULL,
        account      TEXT NOT NULL,
        name         BLOB NOT NULL,      -- as the file system gave it: not always UTF-8
        state        TEXT NOT NULL,
        not_before   TEXT,
        sha256       TEXT,
        business_key TEXT,
        number       TEXT,
        tracking_id  TEXT,
        flow_id      TEXT,
        outcome      TEXT,
        concluded_at TEXT,
        body         TEXT NOT NULL       -- the whole job as JSON, without its name
    );
    CREATE INDEX job_open ON job (route, state) WHERE state NOT IN ('done', 'void');
    CREATE INDEX job_content ON job (route, sha256);
    CREATE INDEX job_business ON job (business_key) WHERE business_key IS NOT NULL;
    CREATE INDEX job_number ON job (number) WHERE number IS NOT NULL;
    CREATE INDEX job_flow ON job (account, flow_id) WHERE flow_id IS NOT NULL;
    CREATE INDEX job_concluded ON job (concluded_at) WHERE concluded_at IS NOT NULL;

    CREATE TABLE event (
        seq  INTEGER PRIMARY KEY,        -- without gaps: every event is appended in a transaction
        at   TEXT NOT NULL,
        job  TEXT NOT NULL,
        kind TEXT NOT NULL,              -- the state entered
        body TEXT NOT NULL,              -- canonical JSON
        hash TEXT NOT NULL               -- SHA-256 of the previous hash and this row
    );
    CREATE INDEX event_job ON event (job);

    CREATE TABLE cursor (account TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

    CREATE TABLE result_name (
        route  TEXT NOT NULL,
        folder TEXT NOT NULL,
        folded TEXT NOT NULL,            -- Explorer and SMB do not tell names apart by case (N06)
        name   TEXT NOT NULL,
        job    TEXT NOT NULL,
        PRIMARY KEY (route, folder, folded)
    ) WITHOUT ROWID;
    CREATE UNIQUE INDEX result_of_job ON result_name (job, folder);
    """,
    """
    ALTER TABLE job ADD COLUMN kin_key TEXT;  -- of what may get in each other's way
    CREATE INDEX job_kin ON job (kin_key) WHERE kin_key IS NOT NULL;
    UPDATE job SET kin_key = 'number|' || json_extract(body, '$.document.seller.siren')
                       || '|' || substr(json_extract(body, '$.document.issue_date'), 1, 4)
                       || '|' || json_extract(body, '$.document.number')
    WHERE business_key LIKE 'invoice|%';
    """,
    """
    ALTER TABLE job ADD COLUMN parent TEXT;  -- the bundle that a document came in
    CREATE INDEX job_parent ON job (parent, state) WHERE parent IS NOT NULL;
    """,
    """
    CREATE TABLE flow_number (           -- of deposits whose sender numbers them itself: the PPF's flow names
        series TEXT NOT NULL,            -- within which a number is given once
        number INTEGER NOT NULL,
        job    TEXT NOT NULL,
        PRIMARY KEY (series, number)
    ) WITHOUT ROWID;
    CREATE UNIQUE INDEX number_of_job ON flow_number (job, series);
    """,
    """
    CREATE TABLE recipient (
        account TEXT NOT NULL,
        address TEXT NOT NULL,
        at      TEXT NOT NULL,           -- when the directory said so
        until   TEXT NOT NULL,           -- it is believed until then
        body    TEXT NOT NULL,           -- its lines as JSON
        PRIMARY KEY (account, address)
    ) WITHOUT ROWID;
    CREATE INDEX recipient_at ON recipient (at);
    """,
    """
    CREATE TABLE incoming (
        seq        INTEGER PRIMARY KEY,  -- the order in which the platform listed them
        id         TEXT NOT NULL UNIQUE,
        account    TEXT NOT NULL,
        flow_id    TEXT NOT NULL,
        matter     TEXT NOT NULL,
        state      TEXT NOT NULL,
        not_before TEXT,
        body       TEXT NOT NULL,        -- the whole flow as JSON
        UNIQUE (account, flow_id)        -- pages overlap on purpose: a flow is taken in once
    );
    CREATE INDEX incoming_open ON incoming (account, state, matter) WHERE state != 'sorted';

    CREATE TABLE delivery (
        seq        INTEGER PRIMARY KEY,
        id         TEXT NOT NULL UNIQUE,
        incoming   TEXT NOT NULL,
        route      TEXT NOT NULL,
        job        TEXT,                 -- whose document has the status
        subject    TEXT NOT NULL,
        n          INTEGER NOT NULL,
        kind       TEXT NOT NULL,        -- status, document
        state      TEXT NOT NULL,
        noted_at   TEXT NOT NULL,
        not_before TEXT,
        body       TEXT NOT NULL,        -- the whole delivery as JSON
        UNIQUE (subject, n)
    );
    CREATE INDEX delivery_open ON delivery (route, state) WHERE state != 'published';
    CREATE INDEX delivery_job ON delivery (job) WHERE job IS NOT NULL;
    CREATE INDEX delivery_incoming ON delivery (incoming);
    CREATE INDEX delivery_noted ON delivery (noted_at);
    CREATE INDEX job_tracking ON job (account, tracking_id) WHERE tracking_id IS NOT NULL;
    """,
    """
    CREATE TABLE account_state (account TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
    """,
    """
    ALTER TABLE job ADD COLUMN resolved TEXT;  -- how people settled what was refused
    CREATE INDEX job_to_do ON job (route, state, sha256, business_key)
        WHERE outcome NOT IN ('accepted', 'answered', 'duplicate') AND resolved IS NULL;
    DROP INDEX job_concluded;                  -- now with all that counting the ends of a day needs
    CREATE INDEX job_concluded ON job (concluded_at, route, outcome, parent) WHERE concluded_at IS NOT NULL;
    CREATE TABLE pause (route TEXT PRIMARY KEY, since TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE reported (
        route TEXT NOT NULL,
        day   TEXT NOT NULL,
        after INTEGER NOT NULL,          -- the last event before those of the day
        until INTEGER NOT NULL,          -- the last event of the day
        line  INTEGER NOT NULL,          -- the number of the last line listed before the day
        lines INTEGER NOT NULL,          -- how many the day has
        told  INTEGER NOT NULL DEFAULT 0,  -- whether people have been written to
        PRIMARY KEY (route, day)
    ) WITHOUT ROWID;
    """,
    """
    ALTER TABLE delivery ADD COLUMN text TEXT;      -- where people read of a status that asks for something
    ALTER TABLE delivery ADD COLUMN resolved TEXT;  -- how people settled it
    CREATE INDEX delivery_to_do ON delivery (route, state) WHERE text IS NOT NULL AND resolved IS NULL;
    """,
)

INSERT_JOB = """
    INSERT INTO job (id, route, account, name, state, sha256, parent, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
# One JSON array of arrays for a whole batch: see `writing`.
UPDATE_JOBS = """
    UPDATE job SET state        = json_extract(new.value, '$[2]'),
                   not_before   = json_extract(new.value, '$[3]'),
                   sha256       = json_extract(new.value, '$[4]'),
                   business_key = json_extract(new.value, '$[5]'),
                   kin_key      = json_extract(new.value, '$[6]'),
                   number       = json_extract(new.value, '$[7]'),
                   tracking_id  = json_extract(new.value, '$[8]'),
                   flow_id      = json_extract(new.value, '$[9]'),
                   outcome      = json_extract(new.value, '$[10]'),
                   concluded_at = json_extract(new.value, '$[11]'),
                   body         = json_extract(new.value, '$[12]')
    FROM json_each(?) AS new
    WHERE job.id = json_extract(new.value, '$[0]') AND job.state = json_extract(new.value, '$[1]')
"""
LAST_EVENT = "SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1"
INSERT_EVENTS = """
    INSERT INTO event (seq, at, job, kind, body, hash)
    SELECT json_extract(new.value, '$[0]'), ?, json_extract(new.value, '$[1]'),
           json_extract(new.value, '$[2]'), json_extract(new.value, '$[3]'), json_extract(new.value, '$[4]')
    FROM json_each(?) AS new
"""
EVENTS = "SELECT seq, at, job, kind, body, hash FROM event ORDER BY seq"
EVENTS_BETWEEN = """
    SELECT seq, at, job, kind, body, hash FROM event
    WHERE seq BETWEEN (SELECT min(seq) FROM event WHERE at >= ?) AND (SELECT max(seq) FROM event WHERE at < ?)
    ORDER BY seq
"""
EVENTS_OF_JOB = "SELECT seq, at, job, kind, body, hash FROM event WHERE job = ? ORDER BY seq"

# A list of jobs as two JSON arrays in one row: one call into SQLite instead of one for each job.
_ALL = "'[' || group_concat(body, ',') || ']', json_group_array(hex(name))"
TAKE = f"""
    SELECT {_ALL} FROM (
        SELECT name, body FROM job
        WHERE route = ? AND state IN ({{states}}) AND state NOT IN ('done', 'void')
          AND (not_before IS NULL OR not_before <= ?)
        ORDER BY seq LIMIT ?
    )
"""
JOBS_BY_ID = f"""
    SELECT {_ALL} FROM (SELECT name, body FROM job WHERE id IN (SELECT value FROM json_each(?)) ORDER BY seq)
"""
AWAITED = f"""
    SELECT {_ALL} FROM (
        SELECT name, body FROM job
        WHERE account = ? AND flow_id IN (SELECT value FROM json_each(?)) AND state = 'received'
    )
"""
TWINS = f"""
    SELECT {_ALL} FROM (
        SELECT seq, name, body FROM job
        WHERE route = :route AND sha256 IN (SELECT value FROM json_each(:digests))
        UNION
        SELECT seq, name, body FROM job WHERE business_key IN (SELECT value FROM json_each(:keys))
        UNION
        SELECT seq, name, body FROM job WHERE kin_key IN (SELECT value FROM json_each(:keys))
        ORDER BY seq
    )
"""
DOCUMENTS = f"SELECT {_ALL} FROM (SELECT name, body FROM job WHERE parent = ? ORDER BY seq)"
GATHERED = """
    SELECT DISTINCT parent FROM job AS vetted
    WHERE route = ? AND state = 'vetted' AND state NOT IN ('done', 'void') AND NOT EXISTS (
        SELECT 1 FROM job WHERE job.parent = vetted.parent AND job.state = 'spooled'
    )
"""
FINISHED = f"""
    SELECT {_ALL} FROM (
        SELECT name, body FROM job AS bundle
        WHERE route = ? AND state = 'unpacked' AND state NOT IN ('done', 'void') AND NOT EXISTS (
            SELECT 1 FROM job
            WHERE job.parent = bundle.id AND job.state NOT IN ('published', 'held', 'done')
        )
        ORDER BY seq
    )
"""
JOB = "SELECT name, body FROM job WHERE id = ?"
COUNTS = "SELECT route, state, count(*) FROM job GROUP BY route, state"
OPEN_COUNTS = """
    SELECT state, count(*) FROM job WHERE route = ? AND state NOT IN ('done', 'void') GROUP BY state
"""

SET_CURSOR = "INSERT INTO cursor VALUES (?, ?) ON CONFLICT (account) DO UPDATE SET value = excluded.value"
GET_CURSOR = "SELECT value FROM cursor WHERE account = ?"
KEEP_STANDING = """
    INSERT INTO account_state VALUES (?, ?) ON CONFLICT (account) DO UPDATE SET body = excluded.body
"""
STANDING = "SELECT body FROM account_state WHERE account = ?"
STANDINGS = "SELECT body FROM account_state"
IN_FLIGHT = """
    SELECT account, count(*) FROM job
    WHERE state = 'sending' AND state NOT IN ('done', 'void') GROUP BY account
"""

NAME_OF_JOB = "SELECT name FROM result_name WHERE job = ? AND folder = ?"
NUMBERS_OF_JOBS = """
    SELECT job, number FROM flow_number WHERE series = ? AND job IN (SELECT value FROM json_each(?))
"""
LAST_NUMBER = "SELECT max(number) FROM flow_number WHERE series = ?"
NUMBER = "INSERT INTO flow_number (series, number, job) VALUES (?, ?, ?)"
RESERVE = "INSERT OR IGNORE INTO result_name (route, folder, folded, name, job) VALUES (?, ?, ?, ?, ?)"
# In a folder that is kept small a name is free again once its result is visible: the folder itself tells.
RELEASE = """
    DELETE FROM result_name WHERE route = ? AND folder = ? AND folded = ?
       AND (SELECT state FROM job WHERE job.id = result_name.job) NOT IN ('concluded', 'ready')
"""

RECALL = """
    SELECT address, at, body FROM recipient
    WHERE account = :account AND address IN (SELECT value FROM json_each(:addresses))
      AND (until > :now OR at >= :since)
"""
REMEMBER = """
    INSERT INTO recipient (account, address, at, until, body) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (account, address) DO UPDATE
    SET at = excluded.at, until = excluded.until, body = excluded.body
"""
FORGET = "DELETE FROM recipient WHERE at < ? AND until < ?"

JOBS = "SELECT name, body FROM job"
LATEST = (
    "SELECT name, body FROM job WHERE route = ? AND name = ? AND state <> 'void' ORDER BY seq DESC LIMIT 1"
)
# Named, because SQLite would rather go through all jobs of the route.
LATEST_UNDER_WAY = """
    SELECT name, body FROM job INDEXED BY job_open
    WHERE route = ? AND name = ? AND state NOT IN ('done', 'void') ORDER BY seq DESC LIMIT 1
"""
UNSETTLED = f"""
    SELECT {_ALL} FROM (
        SELECT name, body FROM job INDEXED BY job_to_do
        WHERE route = ? AND outcome NOT IN ('accepted', 'answered', 'duplicate') AND resolved IS NULL
        ORDER BY seq DESC
    )
"""
# Refused and told of, and after that the same bytes or the same document came again and were looked into.
_CAME_AGAIN = """
    SELECT 1 FROM job AS new
    WHERE {same} AND new.route = old.route AND new.seq > old.seq
      AND new.state NOT IN ('claimed', 'spooled', 'void')
      AND (SELECT min(seq) FROM event WHERE job = coalesce(new.parent, new.id))
        > (SELECT max(seq) FROM event WHERE job = old.id AND kind = 'published')
"""
REPLACED = f"""
    SELECT {_ALL} FROM (
        SELECT name, body FROM job AS old INDEXED BY job_to_do
        WHERE route = ? AND outcome NOT IN ('accepted', 'answered', 'duplicate') AND resolved IS NULL
          AND state IN ('published', 'done')
          AND (EXISTS ({_CAME_AGAIN.format(same="new.sha256 = old.sha256")})
            OR EXISTS ({_CAME_AGAIN.format(same="new.business_key = old.business_key")}))
        ORDER BY seq
    )
"""
SETTLE = """
    UPDATE job SET resolved = ? WHERE id IN (SELECT value FROM json_each(?)) AND resolved IS NULL RETURNING id
"""
PAUSED_SINCE = "SELECT since FROM pause WHERE route = ?"
PAUSE = "INSERT INTO pause VALUES (?, ?)"
RESUME = "DELETE FROM pause WHERE route = ?"
DAYS_TO_TELL = "SELECT day FROM reported WHERE route = ? AND NOT told AND day >= ? ORDER BY day"
DAY_TOLD = "UPDATE reported SET told = 1 WHERE route = ? AND day = ?"
REPORT_DAY = """
    INSERT INTO reported (route, day, after, until, line, lines) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (route, day) DO NOTHING
"""
# The key of a report is "period|<siren>|<role>|<start>/<end>": see `crosscheck.kin_key`.
REPORTS = """
    SELECT name, body FROM job WHERE kin_key >= ? AND kin_key < ? AND substr(kin_key, -10) >= ? ORDER BY seq
"""
LAST_EVENT_SEQ = "SELECT coalesce(max(seq), 0) FROM event"
TOLD = """
    SELECT job.route, job.outcome, count(*), max(job.concluded_at) FROM event JOIN job ON job.id = event.job
    WHERE event.seq > ? AND event.seq <= ? AND event.kind IN ('published', 'held') AND job.outcome IS NOT NULL
    GROUP BY job.route, job.outcome
"""
OLDEST = """
    SELECT route, min(json_extract(body, '$.claimed_at')) FROM job
    WHERE state NOT IN ('done', 'void') AND state <> 'held' GROUP BY route
"""
OUTCOMES = """
    SELECT route, outcome, count(*) FROM job WHERE concluded_at >= ? AND outcome IS NOT NULL
    GROUP BY route, outcome
"""

INSERT_INCOMING = """
    INSERT OR IGNORE INTO incoming (id, account, flow_id, matter, state, body) VALUES (?, ?, ?, ?, ?, ?)
"""
UPDATE_INCOMING = "UPDATE incoming SET state = ?, not_before = ?, body = ? WHERE id = ? AND state = ?"
INCOMING_WAITING = """
    SELECT body FROM incoming
    WHERE account = ? AND matter IN (SELECT value FROM json_each(?)) AND state = ? AND state != 'sorted'
      AND (not_before IS NULL OR not_before <= ?)
    ORDER BY seq LIMIT ?
"""
# Flows whose private copy nobody will ask for again.
SPENT_COPIES = """
    SELECT id FROM incoming WHERE id IN (SELECT value FROM json_each(?)) AND state = 'sorted'
      AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.incoming = incoming.id AND state = 'noted')
"""
INCOMING_COUNTS = """
    SELECT account, matter, state, count(*) FROM incoming WHERE state != 'sorted'
    GROUP BY account, matter, state
"""
INCOMING_OPEN = """
    SELECT count(*) FROM incoming
    WHERE account = ? AND matter IN (SELECT value FROM json_each(?)) AND state != 'sorted'
"""
INSERT_DELIVERY = """
    INSERT INTO delivery (id, incoming, route, job, subject, n, kind, state, noted_at, body)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
LAST_DELIVERY = "SELECT max(n) FROM delivery WHERE subject = ?"
UPDATE_DELIVERY = (
    "UPDATE delivery SET state = ?, not_before = ?, text = ?, body = ? WHERE id = ? AND state = ?"
)
DELIVERIES_WAITING = """
    SELECT body FROM delivery
    WHERE route = ? AND state = ? AND state != 'published' AND (not_before IS NULL OR not_before <= ?)
    ORDER BY seq LIMIT ?
"""
DELIVERIES_OF_JOBS = """
    SELECT body FROM delivery WHERE job IN (SELECT value FROM json_each(?)) ORDER BY seq
"""
DELIVERIES_OPEN = "SELECT count(*) FROM delivery WHERE route = ? AND state != 'published'"
DELIVERY_COUNTS = "SELECT route, kind, count(*) FROM delivery WHERE noted_at >= ? GROUP BY route, kind"
# Whether anybody could have news for an account: something was sent, so that statuses may come.
HAS_SENT = "SELECT 1 FROM job WHERE account = ? AND flow_id IS NOT NULL LIMIT 1"
SUBJECTS = f"""
    SELECT {_ALL} FROM (
        SELECT seq, name, body FROM job
        WHERE account = :account AND flow_id IN (SELECT value FROM json_each(:ids))
        UNION
        SELECT seq, name, body FROM job
        WHERE account = :account AND tracking_id IN (SELECT value FROM json_each(:ids))
        UNION
        SELECT seq, name, body FROM job
        WHERE account = :account AND number IN (SELECT value FROM json_each(:numbers))
        ORDER BY seq
    )
"""
