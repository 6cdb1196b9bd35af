/** Recognizes televisions, and the boxes and sticks that are plugged into them. Their browsers often claim to be other devices. */

/**
 * Words of televisions, of platforms that they share (HbbTV, CE-HTML and its NETTV, the browsers of Opera, Vewd and Espial) and of
 * boxes and sticks. `AFT` with letters is the model of a Fire TV; `AFTL` with letters and digits is in a car.
 */
const CERTAIN =
  /smart[-_ ]?tv|hbbtv|ce-html|web0s|netcast|nettv|inettv|\bviera\b|bravia|aquosb|apple ?tv|(?:android|google|opera) ?tv|\broku|crkey|chromecast|vidaa|vstvb|vewd|vizios|\bomi\/|espial|\bmi(?:tv|box)|tv[-_ ]?(?:box|stick|bro\b)| tv safari|safari\/[\d.]+ tv\b|; aft(?!l[a-z]{2}\d)\w+(?: bui|\))/i;

/**
 * Words in names of Android models: "TV", box, size in inches, and the most common boxes without these. Some phones with a tuner
 * are called TV too, so these words count only if the user agent does not contain `Mobile`.
 */
const LIKELY =
  /[_ -]tv\b|\b(?:stb|atv\d?)\b|(?<!x|post)box\b|\bq?led[-_ ]?\d\d|; ?(?:h96|x9[68]|x88|t95|tx\d|a95x|mxq|q96|mecool|zidoo|beelink|tanix|ugoos)|; (?:24|32|39|4\d|5\d|6[05]|7[05]|8[56])[a-z]{2}/i;

export function isTelevision(userAgent: string): boolean {
  return CERTAIN.test(userAgent) || (/android(?!.*mobile)/i.test(userAgent) && LIKELY.test(userAgent));
}
