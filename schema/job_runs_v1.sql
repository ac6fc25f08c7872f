-- The runs of jobs, and those that somebody asked for. One row for each due time of a job, however many processes look
-- at the clock. A run belongs to the process that raised its `fence` last; `beat` grows while that process lives.
CREATE TABLE IF NOT EXISTS job_runs_v1 (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  job_id INTEGER REFERENCES jobs_v1 (id) ON DELETE SET NULL,
  kind TEXT NOT NULL,
  title TEXT NOT NULL,
  options TEXT NOT NULL DEFAULT '{}',
  state TEXT NOT NULL,
  attempt INTEGER NOT NULL DEFAULT 0,
  due_at TEXT NOT NULL,
  ready_at TEXT NOT NULL,
  fence INTEGER NOT NULL DEFAULT 0,
  beat INTEGER NOT NULL DEFAULT 0,
  owner TEXT NOT NULL DEFAULT '',
  cancel_requested INTEGER NOT NULL DEFAULT 0,
  progress_done INTEGER,
  progress_total INTEGER,
  progress_unit TEXT,
  message TEXT NOT NULL DEFAULT '',
  result TEXT,
  error TEXT,
  started_at TEXT,
  finished_at TEXT,
  created_at TEXT NOT NULL,
  created_by TEXT NOT NULL
);

CREATE UNIQUE INDEX IF NOT EXISTS idx_job_runs_due ON job_runs_v1 (job_id, due_at);

-- What a scheduler looks at, however long the history: only runs that are not over.
CREATE INDEX IF NOT EXISTS idx_job_runs_open ON job_runs_v1 (state, ready_at) WHERE finished_at IS NULL;

CREATE INDEX IF NOT EXISTS idx_job_runs_job ON job_runs_v1 (job_id, id);

CREATE INDEX IF NOT EXISTS idx_job_runs_finished ON job_runs_v1 (finished_at) WHERE finished_at IS NOT NULL;
