import tag from '../dist/speck.min.js';
export default { async fetch() { return new Response(tag); }, async scheduled() {} };
