/** What `<script src="chatkit.js">` runs, as a module or not. */

import { define } from "./define";

define();
