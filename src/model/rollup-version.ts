/**
 * The version of the code that makes rollups. Raise it by one in the change that adds a dimension or a metric, which then
 * says `since` that version, or that mends a number: days whose events are there are recomputed in the background. Of days
 * whose events are gone, questions are told what their rollups lack.
 *
 * 0 are rollups that were made before there were versions. They have the dimensions that they have rows of.
 */
export const ROLLUP_VERSION = 1;
