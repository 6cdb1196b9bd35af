/** Why a body cannot be read. */
export type BodyError = 'body_too_large' | 'unsupported_encoding' | 'broken_encoding' | 'broken_body';

/** Named as `DecompressionStream` names them: `deflate` is zlib. */
export type Packing = 'gzip' | 'deflate';
