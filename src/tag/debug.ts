/** With data-debug: explains in the console what is sent, and why something is not. */
import { options } from './script.ts';

export const say = (...what: unknown[]): void => {
  if (ALL && 'debug' in options) console.log('speck', ...what);
};
