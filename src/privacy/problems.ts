/** The errors that the visitor's pages answer with, and their statuses. Each language has a title and a text for each. */
export const PROBLEMS = {
  foreign: 403,
  unknown: 404,
  method: 405,
  limited: 429,
  unavailable: 503,
} as const;

export type ProblemName = keyof typeof PROBLEMS;
