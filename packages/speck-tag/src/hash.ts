/** Hashes for advanced matching: a file of its own, which the tag loads when a page gives user data. */
export { default } from '../../../src/tag/hash.ts';
