"use strict";

// Without JavaScript, people press the button.
document.getElementById("continue").submit();
