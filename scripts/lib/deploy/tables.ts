/** The step that brings the database's tables to this version, before the Worker that needs them runs. */
import { migrateRemote } from '../migrate/apply.ts';
import { type Step, StepError } from './step.ts';

export const tablesStep: Step = {
  name: 'Tables',
  permission: 'D1: Edit',
  would: () =>
    'Compare the tables with migrations/, and apply what is missing. The Worker of before keeps running.',
  async run({ options }) {
    try {
      return await migrateRemote(options.args);
    } catch (error) {
      throw new StepError(error instanceof Error ? error.message : String(error));
    }
  },
};
