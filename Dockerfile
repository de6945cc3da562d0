# The bundled chat, or your application laid into /app:  docker build -t dialogue .
FROM python:3.13-slim

RUN useradd --create-home --uid 10001 dialogue
WORKDIR /src
COPY requirements.lock .
RUN pip install --no-cache-dir --require-hashes --requirement requirements.lock
COPY . .
RUN pip install --no-cache-dir --no-deps .

USER dialogue
WORKDIR /app
EXPOSE 3000
HEALTHCHECK --interval=10s CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:3000/health/live')"]
ENTRYPOINT ["dialogue"]
CMD ["serve", "--host", "0.0.0.0"]
