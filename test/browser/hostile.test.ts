/** All tests of the tag once more, on pages that break every global that it might touch. */
import { describe } from 'vitest';
import { beHostile } from './hostile.ts';

beHostile();

describe('the tag', () => import('./tag.test.ts').then(() => {}));
describe('its options', () => import('./options.test.ts').then(() => {}));
describe("Meta's fbq", () => import('./meta.test.ts').then(() => {}));
describe('data-relay', () => import('./relay-tag.test.ts').then(() => {}));
