//! stub
/// x
#[derive(Debug)] pub struct EncodeError;
/// x
pub struct Picture;
/// x
pub struct PlaneRef;
/// x
pub fn encode() {}
