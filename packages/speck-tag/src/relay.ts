/** What advertising networks need of a conversion: a file of its own, which the tag loads with the option `relay`. */
export { complete, default } from '../../../src/tag/relay.ts';
