// The texts of the editor, in the languages of the interface.

import { de } from "./texts/de.js";
import { en } from "./texts/en.js";
import { es } from "./texts/es.js";
import { fr } from "./texts/fr.js";
import { ja } from "./texts/ja.js";
import { pt } from "./texts/pt.js";
import { zh } from "./texts/zh.js";

export const EDITOR_TEXTS = { en, de, es, fr, pt, ja, zh };
