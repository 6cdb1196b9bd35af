/**
 * The version of the code that makes rollups. A change that adds a dimension or a metric, corrects a number, or changes the format of
 * columns raises it by one. A new dimension or metric has this version as its `since`. Days whose events are stored are then
 * recomputed in the background. For other days, answers report what their rollups lack.
 *
 * Rollups of version 0 were made before there were versions. They have the dimensions that they have rows of. Days have columns since
 * version 2.
 */
export const ROLLUP_VERSION = 2;
