"use strict";

// The page's policy allows no inline script: what it needs stands in data attributes.
const place = document.getElementById("swagger-ui");

function cookie(name) {
  const pair = document.cookie.split("; ").find((part) => part.startsWith(`${name}=`));
  return pair ? pair.slice(name.length + 1) : "";
}

SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  deepLinking: true,
  docExpansion: "list",
  // Without this the page would ask a server elsewhere whether the document is valid.
  validatorUrl: null,
  requestInterceptor(request) {
    request.headers["X-CSRFToken"] = cookie(place.dataset.csrfCookie);
    return request;
  },
});
