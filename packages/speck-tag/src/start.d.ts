/** The whole tag of src/tag as one function: scripts/build-package.ts makes it. Nothing runs until it is called. */
import type { Host } from '../../../src/tag/host.ts';

export declare function startTag(host: Host): void;
