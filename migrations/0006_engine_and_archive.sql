-- Days of Analytics Engine: how many points they have there, and how strongly these are sampled.

ALTER TABLE days ADD COLUMN points INTEGER NOT NULL DEFAULT 0;

ALTER TABLE days ADD COLUMN sample_interval INTEGER NOT NULL DEFAULT 1;
