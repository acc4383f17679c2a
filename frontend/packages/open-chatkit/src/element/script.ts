/** Entry point of `<script src="chatkit.js">`, as a classic script or a module. */

import { define } from "./define";

define();
