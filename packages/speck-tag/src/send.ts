/** The transports that few browsers need: a file of its own, which the tag loads when it first needs it. */
export { default } from '../../../src/tag/send.ts';
