mod classify;
mod desk;
mod peer_smtp;
