"use strict";

// The Content-Security-Policy forbids inline scripts, so parameters are data attributes.
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
  // Otherwise Swagger UI would send the document to an external validator.
  validatorUrl: null,
  requestInterceptor(request) {
    request.headers["X-CSRFToken"] = cookie(place.dataset.csrfCookie);
    return request;
  },
});
