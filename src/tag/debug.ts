/** With data-debug, logs what is sent and why something is not sent. */
import { options } from './script.ts';

export const say = (...what: unknown[]): void => {
  if (ALL && 'debug' in options) console.log('speck', ...what);
};
