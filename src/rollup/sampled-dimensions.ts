/** What the rollup of a sampled day consists of, and what it takes. */
import { ROLLED_DIMENSIONS } from '../model/dimensions.ts';

/** The dimensions of which each point has a value. */
export const SAMPLED_DIMENSIONS = ROLLED_DIMENSIONS.filter(
  ({ scope }) => scope === 'event' || scope === 'visit',
);

/** Questions of Analytics Engine: three for each dimension, for the day and for its hours. And statements that read the events of D1. */
export const QUESTIONS = (SAMPLED_DIMENSIONS.length + 2) * 3 + 10;
